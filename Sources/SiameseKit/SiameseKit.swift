// SiameseKit
