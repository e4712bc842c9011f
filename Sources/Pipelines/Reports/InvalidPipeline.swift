/// A pipeline that cannot run as it was composed, so nothing has been started; or a number of workers
/// that a stage cannot have, so nothing has changed.
public struct InvalidPipeline: Error, Hashable, Sendable, Codable, CustomStringConvertible {
  /// The place of the stage that is wrong, from 0 on.
  public let stage: Int
  /// The name of that stage's type.
  public let stageName: String
  /// What is wrong, and what to do about it.
  public let message: String

  /// Makes an error, for tests of code that handles one.
  public init(stage: Int, name: String, _ message: String) {
    self.stage = stage
    stageName = name
    self.message = message
  }

  /// The stage and what is wrong with it.
  public var description: String { "stage \(stage) (\(stageName)): \(message)" }
}
