internal import ProcessTreeMessagePack

/// The reply to the listener's question that begins each connection of a data link.
package struct PeerHello: Equatable, Sendable {
  /// Distinguishes a data link from other protocols.
  package static let magic = "process-tree-link"

  package var version: ProtocolVersion
  package var runSecret: [UInt8]
  package var build: String
  /// The node that connects.
  package var address: PeerAddress
  /// The number of numbered frames that the node has received over this link so far.
  package var received: UInt64
  /// The number of the question that this hello answers.
  package var question: UInt64

  package init(
    version: ProtocolVersion = .current, runSecret: [UInt8], build: String, address: PeerAddress,
    received: UInt64 = 0, question: UInt64 = 0
  ) {
    self.version = version
    self.runSecret = runSecret
    self.build = build
    self.address = address
    self.received = received
    self.question = question
  }

  /// The frame: `[magic, major, minor, run secret, build, path, name, pid, start time, endpoint,
  /// received, question]`.
  package func frame() -> [UInt8] {
    var writer = MessagePackWriter(capacity: 256)
    writer.packArrayHeader(12)
    writer.pack(Self.magic)
    writer.pack(version.major)
    writer.pack(version.minor)
    writer.packBinary(runSecret)
    writer.pack(build)
    address.packFields(into: &writer)
    writer.pack(received)
    writer.pack(question)
    return writer.bytes
  }

  /// Reads a frame; throws `WireError` for anything that is not a hello.
  package init(frame: [UInt8]) throws(WireError) {
    guard frame.count <= Self.largestFrame else { throw WireError("a hello is not so large") }
    var reader = MessagePackReader(frame)
    do {
      let fields = try reader.readArrayHeader()
      guard fields >= 12, try reader.readString() == Self.magic else {
        throw WireError("not the hello of a data link")
      }
      version = ProtocolVersion(major: try reader.readInt(), minor: try reader.readInt())
      runSecret = try reader.readBinary()
      build = try reader.readString()
      address = try PeerAddress(fields: &reader)
      received = try reader.readUInt64()
      question = try reader.readUInt64()
      // A later minor version may add fields.
      for _ in 12..<fields { try reader.skipValue() }
      guard reader.isAtEnd else { throw WireError("bytes after the hello") }
    } catch let error as WireError {
      throw error
    } catch {
      throw WireError("not the hello of a data link: \(error)")
    }
  }

  /// Room for the deepest path.
  package static let largestFrame = 8 << 10

  /// Whether a peer with this hello belongs to the run; the reason if not.
  package func refusal(runSecret: [UInt8], build: String) -> String? {
    let proof = Credentials(runSecret: runSecret, token: [])
    guard proof.matches(Credentials(runSecret: self.runSecret, token: [])) else {
      return "unknown node or wrong credentials"
    }
    if let reason = ProtocolVersion.current.refusal(of: address.name, speaking: version) {
      return reason
    }
    guard self.build == build || self.build == Hello.foreignBuild else {
      return "build \(self.build) is not \(build): start all nodes from one build"
    }
    return nil
  }
}
