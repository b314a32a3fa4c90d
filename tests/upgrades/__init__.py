"""Whether the version before this one can go on with the tables of this one (CONTRIBUTING: "Migrations")."""
