"""Images with labels: which sets there are, where they are looked for, and readers that execute nothing."""
