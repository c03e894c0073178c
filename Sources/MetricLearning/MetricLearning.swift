// MetricLearning
