"""The admin's lists, alike in all rooms, and as quick over millions of rows as over ten.

changelist  Django's list with the rest of this folder in it
counts      how many rows a choice of a filter leads to, counted among the newest
filters     filters that count, or that name one chat or person of thousands
keys        pages by key in place of page numbers
days        the way from years to days
words       what a list is filtered by, in words
csv         rows as CSV that Excel opens, in constant memory
exporting   the link that downloads what is filtered
"""
