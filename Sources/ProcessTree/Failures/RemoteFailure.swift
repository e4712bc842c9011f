internal import ProcessTreeMessagePack
internal import ProcessTreeWire

/// An uncaught error of a node's program, as it arrives at a caller that awaits the node.
///
/// It always has the error's type name and text. A `Codable` error is sent along;
/// ``underlying(as:)`` returns it. Each node that does not catch the failure adds itself to the
/// path.
public struct RemoteFailure: Error, Hashable, Sendable, Codable, CustomStringConvertible {
  /// The name of the error's type, with its module.
  public private(set) var typeName: String
  /// The error in words.
  public private(set) var text: String
  /// The names of the nodes that the failure crossed, beginning with its origin.
  public private(set) var path: [String]

  private var encodedError: [UInt8]?

  /// Makes a failure from an error of this node, to be sent to another node in a message.
  ///
  /// A `Codable` error is sent along. A remote failure keeps its path, to which this node is added.
  public init(_ error: any Error, at node: Node) {
    self.init(error, at: node.name)
  }

  /// Makes a failure from an error at a node of this name, for tests of code that handles one.
  public init(_ error: any Error, at node: String) {
    self.init(carrying: error)
    path.append(node)
  }

  /// Makes a failure that has crossed no node; a remote failure stays unchanged.
  init(carrying error: any Error) {
    if let failure = error as? RemoteFailure {
      self = failure
      return
    }
    typeName = _typeName(type(of: error), qualified: true)
    text = ErrorText.of(error).limited(to: WireLimits.text)
    path = []
    let encoded = (error as? any Encodable).flatMap { try? MessagePackEncoder().encode($0) }
    // An error that is too large stays behind; its text is sent.
    encodedError = encoded.flatMap { $0.count <= WireLimits.record ? $0 : nil }
  }

  /// The name of the node where the error was thrown.
  public var origin: String { path.first ?? "" }

  /// The error itself, if it was sent along and is of this type.
  ///
  /// Only the requested type is ever decoded.
  public func underlying<Underlying: Error & Decodable>(
    as type: Underlying.Type
  ) -> Underlying? {
    guard let encodedError, typeName == _typeName(type, qualified: true) else { return nil }
    return try? MessagePackDecoder().decode(type, from: encodedError)
  }

  /// The error and the nodes that it crossed; the type of an error of this library is left out.
  public var description: String {
    "\(ErrorText.of(type: typeName, text)) [\(path.joined(separator: " > "))]"
  }
}

extension RemoteFailure: WireRecord {
  init(fields: inout WireFields) throws {
    typeName = try fields.next()
    text = try fields.next()
    path = try fields.next()
    encodedError = (try fields.next() as WireBytes?)?.bytes
  }

  func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(into: &writer, typeName, text, path, encodedError.map(WireBytes.init))
  }

  /// The most bytes that a failure may have, because it is part of one control message.
  private static let largest = WireLimits.frameSize / 2
  /// The most bytes of each name in a failure that has to be cut.
  private static let longestName = 128

  /// The failure for another process; if it is too large, the error itself and the ends of names
  /// are left out.
  func encoded() -> [UInt8] {
    let whole = packed()
    guard whole.count > Self.largest else { return whole }
    var failure = self
    failure.encodedError = nil
    failure.typeName = typeName.limited(to: Self.longestName)
    failure.text = text.limited(to: WireLimits.text)
    failure.path = path.prefix(NodePath.maximumDepth).map { $0.limited(to: Self.longestName) }
    return failure.packed()
  }
}
