internal import ProcessTreeWire

/// An error of a call that the library refused, or could not complete, in this process.
public struct ProcessTreeError: Error, Hashable, Sendable, Codable, CustomStringConvertible {
  /// The kind of an error.
  public struct Code: Hashable, Sendable, Codable, CustomStringConvertible {
    private enum Kind: String, Codable {
      case alreadyStarted, notStarted, programNotFindable, invalidName, invalidLimit
      case invalidConfiguration, directoryUnusable, systemCallFailed, nodeEnding, scopeEnded,
        unreachable
      case messageNotEncodable, messageNotDecodable, alreadyIterating
      case nameTaken, invalidSpecification, noSuchChild, noSuchNode
      case controlGroupUnavailable
      case channelEnded, endMoved, queueFull, itemQuarantined, deadlinePassed
    }

    private let kind: Kind

    /// The child has already been started; a child starts only once.
    public static let alreadyStarted = Self(kind: .alreadyStarted)
    /// The child has not been started yet.
    public static let notStarted = Self(kind: .notStarted)
    /// The program's type cannot be found by its name in another process.
    public static let programNotFindable = Self(kind: .programNotFindable)
    /// The name cannot name a node.
    public static let invalidName = Self(kind: .invalidName)
    /// A limit is below one, or the tree would be too deep.
    public static let invalidLimit = Self(kind: .invalidLimit)
    /// The settings contradict each other, or cannot change at this time.
    public static let invalidConfiguration = Self(kind: .invalidConfiguration)
    /// The directory for the run's sockets cannot be made, or its path is too long.
    public static let directoryUnusable = Self(kind: .directoryUnusable)
    /// The run must have a control group of its own, and it cannot be made.
    public static let controlGroupUnavailable = Self(kind: .controlGroupUnavailable)
    /// A call to the operating system failed, for example because descriptors or processes ran out.
    public static let systemCallFailed = Self(kind: .systemCallFailed)
    /// The node is ending and starts no more children.
    public static let nodeEnding = Self(kind: .nodeEnding)
    /// The scope of a child group or of a supervisor has ended.
    public static let scopeEnded = Self(kind: .scopeEnded)
    /// A supervisor has a child of this name already.
    public static let nameTaken = Self(kind: .nameTaken)
    /// A specification of a child contradicts itself or another one.
    public static let invalidSpecification = Self(kind: .invalidSpecification)
    /// A supervisor has no child of this name.
    public static let noSuchChild = Self(kind: .noSuchChild)
    /// No node has this address.
    public static let noSuchNode = Self(kind: .noSuchNode)
    /// The peer of an edge has ended.
    public static let unreachable = Self(kind: .unreachable)
    /// A message could not be encoded; nothing was sent.
    public static let messageNotEncodable = Self(kind: .messageNotEncodable)
    /// A message is not of the requested type; the next one can still be received.
    public static let messageNotDecodable = Self(kind: .messageNotDecodable)
    /// Another task is already receiving from this edge.
    public static let alreadyIterating = Self(kind: .alreadyIterating)
    /// The channel, or the node that made it, ended before this end could join.
    public static let channelEnded = Self(kind: .channelEnded)
    /// This end of a pipe was sent to another node.
    public static let endMoved = Self(kind: .endMoved)
    /// The channel's queue is full, and its policy is to fail.
    public static let queueFull = Self(kind: .queueFull)
    /// An item killed the nodes that worked on it, and was quarantined.
    public static let itemQuarantined = Self(kind: .itemQuarantined)
    /// The reply or the end did not come in time.
    public static let deadlinePassed = Self(kind: .deadlinePassed)

    /// The code's name.
    public var description: String { kind.rawValue }
  }

  /// The kind of the error.
  public let code: Code
  /// The event and a remedy, at most 4,096 bytes.
  public let message: String

  /// Makes an error, for tests of code that handles one.
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message.limited(to: WireLimits.message)
  }

  /// The message.
  public var description: String { message }
}
