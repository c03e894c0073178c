import SiameseCommands

SiameseCommand.execute()
