public import ProcessTree

/// A bundled example: a tree of processes that teaches one thing.
///
/// Its properties are its arguments; whoever runs it fills them in.
public protocol Example: Sendable {
  /// What the run ends with.
  associatedtype Report: ExampleReport

  /// The name that it is run by.
  static var name: String { get }

  /// What it teaches, in a line.
  static var lesson: String { get }

  /// Runs the example at the root of a tree.
  ///
  /// Children that still run when this returns are joined, unless they are daemons.
  func run(in root: Node) async throws -> Report
}

/// The result of an example: as text for people, as JSON for programs.
public protocol ExampleReport: Encodable, Sendable {
  /// The lines for people, without the last line's end.
  var text: String { get }

  /// Whether all went as the example expects; true unless declared otherwise.
  var isSuccess: Bool { get }
}

extension ExampleReport {
  /// True: most examples fail by throwing.
  public var isSuccess: Bool { true }
}

/// An example was given something that it cannot work on.
public struct UnusableInput: Error, CustomStringConvertible {
  /// What, and why.
  public let description: String

  init(_ description: String) {
    self.description = description
  }
}
