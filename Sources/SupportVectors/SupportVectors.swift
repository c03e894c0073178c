// SupportVectors
