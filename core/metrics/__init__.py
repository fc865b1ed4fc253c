"""Pure statistics: scores, labels and masks in; figures with k, n and intervals out. No torch, no file names.

SciPy is imported whole where it is used: it then fetches a part when that is first asked for, and a prediction waits
for none of them.
"""
