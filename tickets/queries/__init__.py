"""What pages about tickets need, shaped; one function per page."""
