/// An address to bind or connect to.
public enum Endpoint: Hashable, Sendable {
  /// Between threads of one process, by a name in the context.
  case inproc(String)
  /// A unix socket of this host.
  case ipc(path: String)
  /// A host and port; port 0 lets the system choose one when binding.
  case tcp(host: String, port: UInt16)

  /// The longest path of a unix socket address, in bytes.
  public static let maximumPathLength = 107

  /// Reads `inproc://name`, `ipc:///path` and `tcp://host:port`; nil for anything else.
  public init?(_ text: String) {
    if let name = text.removing(prefix: "inproc://") {
      self = .inproc(name)
    } else if let path = text.removing(prefix: "ipc://") {
      self = .ipc(path: path)
    } else if let address = text.removing(prefix: "tcp://"),
      let colon = address.lastIndex(of: ":"),
      let port = Self.port(address[address.index(after: colon)...])
    {
      self = .tcp(host: String(address[..<colon]), port: port)
    } else {
      return nil
    }
    if flaw != nil, !isTooLong { return nil }
  }

  private static func port(_ text: Substring) -> UInt16? {
    if text == "*" { return 0 }
    let isNumber = !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) }
    return isNumber ? UInt16(text) : nil
  }
}

extension Endpoint: CustomStringConvertible {
  /// The endpoint as ZeroMQ writes it.
  public var description: String {
    switch self {
    case .inproc(let name): "inproc://\(name)"
    case .ipc(let path): "ipc://\(path)"
    case .tcp(let host, let port): "tcp://\(host):\(port == 0 ? "*" : String(port))"
    }
  }
}

extension Endpoint {
  /// Whether the path of an ipc endpoint is longer than the system allows.
  private var isTooLong: Bool {
    if case .ipc(let path) = self { path.utf8.count > Self.maximumPathLength } else { false }
  }

  /// The fault of the endpoint; nil if it is valid.
  private var flaw: String? {
    if description.utf8.contains(0) { return "it contains a zero byte" }
    switch self {
    case .inproc(let name):
      return name.isEmpty ? "the name is empty" : nil
    case .ipc(let path):
      if path.isEmpty { return "the path is empty" }
      // libzmq would read these as "choose a file" and as an abstract name, which has no
      // permissions: any user of the host could connect.
      if path == "*" || path.hasPrefix("@") { return "the path must name a file" }
      guard isTooLong else { return nil }
      return "the path has \(path.utf8.count) bytes, the system allows \(Self.maximumPathLength)"
    case .tcp(let host, _):
      if host.isEmpty { return "the host is empty" }
      // A semicolon would give libzmq a second, source address.
      return host.contains { $0 == "/" || $0 == ";" } ? "the host is not a name" : nil
    }
  }

  /// Throws for an endpoint that libzmq would reject late or interpret in an unintended way.
  func validate(for call: String) throws(ZeroMQError) {
    guard let flaw else { return }
    let code: ZeroMQError.Code = isTooLong ? .nameTooLong : .invalidArgument
    throw ZeroMQError(errno: code.rawValue, call: "\(call)(\(self))", detail: flaw)
  }
}

extension String {
  fileprivate func removing(prefix: String) -> String? {
    hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
  }
}
