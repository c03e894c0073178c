// SiameseCommands
