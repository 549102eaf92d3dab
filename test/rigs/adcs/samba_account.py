"""Reads or writes attributes of an account in a Samba domain, by its database.

    /usr/bin/python3 samba_account.py SMB.CONF ACCOUNT ATTRIBUTE [VALUE]

Prints the attribute's value; nothing where it has none.
"""

import sys

import ldb
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB


def main(conf, account, attribute, value=None):
    settings = LoadParm()
    settings.load(conf)
    database = SamDB(url=settings.private_path("sam.ldb"), session_info=system_session(), lp=settings)
    (entry,) = database.search(expression=f"(sAMAccountName={account})", attrs=[attribute])
    if value is not None:
        change = ldb.Message(entry.dn)
        change["change"] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, attribute)
        database.modify(change)
    elif attribute in entry:
        print(entry[attribute])


main(*sys.argv[1:])
