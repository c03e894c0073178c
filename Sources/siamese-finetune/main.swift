import SiameseCommands

FinetuneCommand.execute()
