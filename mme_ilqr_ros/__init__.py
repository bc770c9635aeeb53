"""Learned global planning (ID-VIN) and multimodal local control (MME-iLQR) for mobile robots."""

__version__ = "0.1.0"
