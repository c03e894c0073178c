print("siamese-finetune")
