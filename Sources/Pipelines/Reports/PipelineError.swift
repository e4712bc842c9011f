/// A pipeline that cannot run as it was composed, so nothing has been started; or a number of
/// workers that a stage cannot have, so nothing has changed.
public struct PipelineError: Error, Hashable, Sendable, Codable, CustomStringConvertible {
  /// What kind of error it is.
  public struct Code: Hashable, Sendable, Codable, CustomStringConvertible {
    private enum Kind: String, Codable {
      case invalidSize, invalidOption, orderNotPossible, keyNotUsable, noBranches, notResizable,
        noSuchStage
    }

    private let kind: Kind

    /// A stage cannot have this number of workers.
    public static let invalidSize = Self(kind: .invalidSize)
    /// An option is outside its range.
    public static let invalidOption = Self(kind: .invalidOption)
    /// The order of the inputs cannot be kept here: workers share their input, or branches follow.
    public static let orderNotPossible = Self(kind: .orderNotPossible)
    /// Other processes cannot compute the partition key: it is no stored property, or its type is
    /// private.
    public static let keyNotUsable = Self(kind: .keyNotUsable)
    /// A broadcast has no branch to go to.
    public static let noBranches = Self(kind: .noBranches)
    /// The number of the stage's workers cannot change while it runs.
    public static let notResizable = Self(kind: .notResizable)
    /// The pipeline has no stage at this place.
    public static let noSuchStage = Self(kind: .noSuchStage)

    /// The code's name.
    public var description: String { kind.rawValue }
  }

  /// What kind of error it is.
  public let code: Code
  /// The mistake, and the way to correct it, as a text for people.
  public let message: String
  /// The place of the stage that is wrong, from 0 on.
  public let stage: Int
  /// The name of that stage's type, with the stage's number from 1 on where several are called so;
  /// empty if there is no such stage.
  public let stageName: String

  /// Makes an error, for tests of code that handles one.
  public init(_ code: Code, _ message: String, stage: Int, stageName: String = "") {
    self.code = code
    self.message = message
    self.stage = stage
    self.stageName = stageName
  }

  /// The stage by its name, or by its number from 1 on, and what is wrong with it; the message
  /// alone if there is no such stage.
  public var description: String {
    code == .noSuchStage ? message : "\(StageInWords.text(stage, stageName)): \(message)"
  }
}
