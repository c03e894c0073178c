// What users of the kit see of the rooms below it.
@_exported import SiameseEvaluation
@_exported import SiameseFiles
@_exported import SiameseGallery
@_exported import SiameseGlyphs
@_exported import SiameseHDF5
@_exported import SiameseImages
@_exported import SiameseKeras
@_exported import SiameseMetricLearning
@_exported import SiameseReports
@_exported import SiameseSupportVectors
@_exported import SiameseTensors
