/// Traps a programmer's misuse with its message in release builds too, where `precondition` keeps
/// silent.
@inline(__always)
package func require(_ condition: Bool, _ message: @autoclosure () -> String) {
  if !condition { fatalError(message()) }
}
