"""Pages for people: what they say and how they look. Serving them is the entry points' business."""
