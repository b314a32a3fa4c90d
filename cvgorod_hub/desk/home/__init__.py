"""The home page: what needs somebody now, and how the days went."""
