/// The first option that is given, of those that exclude something else.
func firstGiven(_ options: [(name: String, isGiven: Bool)]) -> String? {
  options.first { $0.isGiven }?.name
}
