"""The hub in containers: one image, one process in each.

__main__      `python -m cvgorod_hub.container ROLE` becomes that process
health        whether the process of this container does its work; Docker asks
"""
