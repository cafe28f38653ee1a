"""What pages of releases show, and who is to be told; each module is a page's or a question's."""
