extension Parameter {
  /// Overwrites the weights.
  public func set(_ weights: [Float]) {
    require(
      weights.count == shape.count, "\(name): \(weights.count) weights for shape \(shape)")
    owner.backend.write(weights, to: values)
  }
}
