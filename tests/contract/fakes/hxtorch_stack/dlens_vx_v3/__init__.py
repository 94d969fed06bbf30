"""Stand-in of the vendor's ``dlens_vx_v3``: only what the hxtorch run file uses, and only as published.

Every module names the public file from which it takes its signatures (repositories of the organisation
electronicvisions). Nothing here computes; what is read back comes from the script that a test writes.
"""
