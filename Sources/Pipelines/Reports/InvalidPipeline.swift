/// A pipeline that cannot run as it was put together, of which nothing has been started; or a number of
/// workers that one of its stages cannot have, which changes nothing.
public struct InvalidPipeline: Error, Hashable, Sendable, Codable, CustomStringConvertible {
  /// The place of the stage that is wrong, from 0 on.
  public let stage: Int
  /// The name of that stage's type.
  public let stageName: String
  /// What is wrong, and what to do about it.
  public let message: String

  init(stage: Int, name: String, _ message: String) {
    self.stage = stage
    stageName = name
    self.message = message
  }

  /// The stage and what is wrong with it.
  public var description: String { "stage \(stage) (\(stageName)): \(message)" }
}
