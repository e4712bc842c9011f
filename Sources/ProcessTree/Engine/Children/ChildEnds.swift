internal import ProcessTreeBase
internal import ProcessTreeProcessControl

/// The descriptors made for one child: the parent's ends, each for its owner, and the child's.
struct ChildEnds: ~Copyable {
  /// How many there are for a moment, with the child's pidfd.
  static let descriptors = 7

  /// The ends that the child inherits, which the parent has open until it has passed them on.
  final class Inherited {
    private let output: Descriptor
    private let error: Descriptor
    private let bootstrap: Descriptor
    private let null: Int32

    fileprivate init(
      null: Int32, output: consuming Descriptor, error: consuming Descriptor,
      bootstrap: consuming Descriptor
    ) {
      self.null = null
      self.output = output
      self.error = error
      self.bootstrap = bootstrap
    }

    /// Lends the descriptors.
    func withDescriptors<Value>(
      _ body: (ChildDescriptors) throws(ProcessControlError) -> Value
    ) throws(ProcessControlError) -> Value {
      try body(
        ChildDescriptors(
          standardInput: null, standardOutput: output.number, standardError: error.number,
          bootstrap: bootstrap.number))
    }
  }

  let outputReader: Descriptor
  let errorReader: Descriptor
  let deathPipe: Descriptor
  let inherited: Inherited

  /// Makes them all, or none.
  ///
  /// - Parameter null: The null device, lent, which all children share as their standard input.
  init(null: Int32) throws(ProcessControlError) {
    let output = try Descriptors.makePipe()
    let error = try Descriptors.makePipe()
    let bootstrap = try Descriptors.makeSocketPair()
    outputReader = output.first
    errorReader = error.first
    deathPipe = bootstrap.first
    inherited = Inherited(
      null: null, output: output.second, error: error.second, bootstrap: bootstrap.second)
  }
}
