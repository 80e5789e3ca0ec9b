"""What ties runs, submissions and scores together."""
