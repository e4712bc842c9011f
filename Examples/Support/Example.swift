public import ProcessTree

/// A bundled example: a tree of processes that teaches one thing.
///
/// Its properties are its arguments; the code that runs it fills them in.
public protocol Example: Sendable {
  /// What the run ends with.
  associatedtype Report: ExampleReport

  /// The name that it is run by.
  static var name: String { get }

  /// What it teaches, in a line.
  static var lesson: String { get }

  /// What the deaths of nodes below the root are to a run; a failure unless declared otherwise.
  static var deaths: DeathEffect { get }

  /// Runs the example at the root of a tree.
  ///
  /// Children that still run when this returns are joined, unless they are daemons.
  func run(in root: Node) async throws -> Report
}

extension Example {
  /// A failure: a death may end the run.
  public static var deaths: DeathEffect { .failure }
}

/// What deaths of nodes by a fault are to an example.
public enum DeathEffect: Sendable {
  /// The run replaces the dead, and comes to its exact result.
  case madeGood
  /// The run comes to its exact result, or fails with an error that names the death.
  case failure
  /// The run reports on ends of nodes: a death that it does not expect is part of its report.
  case subject
}

/// The result of an example: as text for people, as JSON for programs.
public protocol ExampleReport: Sendable {
  /// The lines for people, without the last line's end.
  var text: String { get }

  /// The document for programs: of a report that can be encoded the report itself, unless declared
  /// otherwise.
  var document: ReportDocument { get }

  /// Whether all went as the example expects; true unless declared otherwise.
  var isSuccess: Bool { get }

  /// A number made of all that the example has worked on, the same for each run with the same
  /// arguments; nil, unless declared otherwise, if there is none.
  var total: Int? { get }
}

extension ExampleReport where Self: Encodable {
  /// The report itself.
  public var document: ReportDocument { .value(self) }
}

/// The result of an example as programs read it.
public enum ReportDocument {
  /// A value that an encoder of JSON makes the document of.
  case value(any Encodable)
  /// The document, without the end of its line; for a report of so many values that an encoder
  /// would take longer than the example.
  case json(String)
}

extension ExampleReport {
  /// Nil: `isSuccess` is enough.
  public var total: Int? { nil }

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
