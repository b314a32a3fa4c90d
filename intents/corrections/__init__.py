"""What people say a message means: their word wins over every later run, and machines are measured by it."""
