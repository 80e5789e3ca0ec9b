"""First steps: is this avocado perfectly ripe? From height, squishiness and skin colour alone."""
