extension ParameterSet {
  /// A set of its own with the same names, shapes and weights. Never waits for the device.
  public func copy() -> ParameterSet {
    let copy = ParameterSet(on: backend, seed: 0, stream: 0)
    for parameter in parameters { _ = copy.add(parameter.name, parameter.shape, .zeros) }
    copy.follow(self, tau: 1)
    return copy
  }
}
