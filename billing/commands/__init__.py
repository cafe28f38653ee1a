"""Everything that can be done to work, requests and statements: one module for each. The only writers; each is one transaction.

`consequences` is called by the reckoning, which the others call: so nothing is imported here.
"""
