"""Hours included, approved and charged. A sibling of the other two apps beside it: it imports tickets and what lies below, and none of them."""
