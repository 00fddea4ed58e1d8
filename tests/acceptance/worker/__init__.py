"""The local host against Microsoft's production worker library."""
