"""`make audit`: what is known to be wrong with the libraries, and what must not stand in the repository.

dependencies   known vulnerabilities of the locked versions (pip-audit)
code           bandit, beside ruff's own rules of the same kind
secrets        keys and passwords in tracked files and in the history (detect-secrets)
characters     letters that make code read otherwise than it runs (CVE-2021-42574)
"""
