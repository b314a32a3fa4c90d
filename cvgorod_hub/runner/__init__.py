"""The hub on one machine, as `manage.py runhub` runs it.

data_folder   whose data this is: one hub at a time, what it wrote down for others
preparation   migrations, the superuser, the demo's key
commands      how each of its processes is started
processes     which processes make a hub, and when each counts as ready
supervisor    starts them, restarts them, stops them
orphans       what a killed hub left behind
hub           all of it, in order
"""
