// What users of the kit see of the rooms below it.
@_exported import Gallery
@_exported import Images
@_exported import Keras
@_exported import MetricLearning
@_exported import Reports
@_exported import SupportVectors
@_exported import Tensors
