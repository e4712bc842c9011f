internal import ProcessTreeMessagePack
internal import ProcessTreeWire

/// An error that a node's program threw and nobody caught, as it arrives at whoever awaits the node.
///
/// It always has the error's type name and text. The error itself travels along when it is
/// `Codable` and can be had by ``underlying(as:)``. Each node that let the failure pass adds itself
/// to the path.
public struct RemoteFailure: Error, Hashable, Sendable, Codable, CustomStringConvertible {
  /// The name of the error's type, with its module.
  public private(set) var typeName: String
  /// The error in words.
  public private(set) var text: String
  /// The names of the nodes that the failure crossed: first the one where it happened.
  public private(set) var path: [String]

  private var encodedError: [UInt8]?

  /// Makes a failure of an error that happened in this node and is told to another by a message.
  ///
  /// The error itself travels along when it is `Codable`; one that is a remote failure already keeps
  /// its path, to which this node is added.
  public init(_ error: any Error, at node: Node) {
    self.init(error, at: node.name)
  }

  /// Makes a failure of an error that left the program of the node named `node`.
  init(_ error: any Error, at node: String) {
    self.init(carrying: error)
    path.append(node)
  }

  /// Makes a failure that has crossed no node yet; one that is a remote failure stays as it is.
  init(carrying error: any Error) {
    if let failure = error as? RemoteFailure {
      self = failure
      return
    }
    typeName = _typeName(type(of: error), qualified: true)
    text = ErrorText.of(error).limited(to: WireLimits.text)
    path = []
    let encoded = (error as? any Encodable).flatMap { try? MessagePackEncoder().encode($0) }
    // One that is too large stays behind; its text goes.
    encodedError = encoded.flatMap { $0.count <= WireLimits.record ? $0 : nil }
  }

  /// The node where it happened.
  public var origin: String { path.first ?? "" }

  /// The error itself, when it is of this type and travelled along; nil otherwise.
  ///
  /// Nothing but the type asked for is ever decoded.
  public func underlying<Underlying: Error & Decodable>(
    as type: Underlying.Type
  ) -> Underlying? {
    guard let encodedError, typeName == _typeName(type, qualified: true) else { return nil }
    return try? MessagePackDecoder().decode(type, from: encodedError)
  }

  /// The error and the nodes that it crossed.
  public var description: String {
    "\(typeName): \(text) [\(path.joined(separator: " > "))]"
  }
}

extension RemoteFailure {
  /// The most bytes that a failure has on its way to a parent: it is one control message.
  private static let largest = WireLimits.frameSize / 2
  /// The longest names of a failure that has to be cut, in bytes.
  private static let longestName = 128

  /// The failure as it crosses a process: the error itself stays behind if there is no room for it,
  /// and so do the ends of names.
  func encoded() -> [UInt8] {
    let encoder = MessagePackEncoder()
    // Nothing in a failure can fail to be encoded.
    let whole = (try? encoder.encode(self)) ?? []
    guard whole.count > Self.largest else { return whole }
    var failure = self
    failure.encodedError = nil
    failure.typeName = typeName.limited(to: Self.longestName)
    failure.text = text.limited(to: WireLimits.text)
    failure.path = path.prefix(NodePath.maximumDepth).map { $0.limited(to: Self.longestName) }
    return (try? encoder.encode(failure)) ?? []
  }

  init(encoded: [UInt8]) throws {
    self = try MessagePackDecoder().decode(Self.self, from: encoded)
  }
}
