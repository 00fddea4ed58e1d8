"""What can be said about the templates without Azure and without the Bicep compiler."""
