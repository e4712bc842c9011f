internal import ProcessTreeMessagePack

/// The first frame that a child sends on its control socket.
///
/// The first seven fields keep their places in every version, so that a refusal can name the child.
package struct Hello: Equatable, Sendable {
  /// Distinguishes this protocol from others.
  package static let magic = "process-tree"
  /// The build of a node of another program.
  package static let foreignBuild = ""
  /// The largest frame in bytes.
  package static let largestFrame = 1_024

  package var version: ProtocolVersion
  /// The position among its parent's children that the child claims.
  package var position: UInt32
  package var proof: Proof
  package var pid: Int32
  /// The build of the child's program; payloads are only valid within one build.
  package var build: String

  package init(
    version: ProtocolVersion = .current, position: UInt32, proof: Proof, pid: Int32, build: String
  ) {
    self.version = version
    self.position = position
    self.proof = proof
    self.pid = pid
    self.build = build
  }

  /// The hello of a node with a secret.
  package init(
    of secret: NodeSecret, version: ProtocolVersion = .current, attempt: UInt32, pid: Int32,
    build: String
  ) {
    self.init(
      version: version, position: secret.path.positions.last ?? 0,
      proof: secret.controlProof(attempt: attempt, pid: pid), pid: pid, build: build)
  }

  /// The frame: `[magic, major, minor, position, proof, pid, build]`.
  package func frame() -> [UInt8] {
    var writer = MessagePackWriter(capacity: 160)
    writer.packArrayHeader(7)
    writer.pack(Self.magic)
    writer.pack(version.major)
    writer.pack(version.minor)
    writer.pack(Int(position))
    writer.packBinary(proof.bytes)
    writer.pack(Int(pid))
    writer.pack(build)
    return writer.bytes
  }

  /// Reads a frame; throws `WireError` for anything that is not a hello.
  package init(frame: [UInt8]) throws(WireError) {
    guard frame.count <= Self.largestFrame else {
      throw WireError("a hello has at most 1,024 bytes")
    }
    var reader = MessagePackReader(frame)
    do {
      let fields = try reader.readArrayHeader()
      guard fields >= 7, try reader.readString() == Self.magic else {
        throw WireError("not a hello of this protocol")
      }
      version = ProtocolVersion(major: try reader.readInt(), minor: try reader.readInt())
      position = try reader.readInteger(as: UInt32.self)
      proof = Proof(bytes: try reader.readBinary())
      pid = try reader.readInteger(as: Int32.self)
      build = try reader.readString()
      // A later minor version may add fields.
      for _ in 7..<fields { try reader.skipValue() }
      guard reader.isAtEnd else { throw WireError("bytes after the hello") }
    } catch let error as WireError {
      throw error
    } catch {
      throw WireError("not a hello of this protocol: \(error)")
    }
  }
}
