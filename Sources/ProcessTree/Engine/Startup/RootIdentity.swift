internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

struct RootIdentity {
  let run: RunIdentity
  let node: NodeIdentity

  /// Draws the run's number, tags this process with it, and makes it adopt orphans.
  ///
  /// A root inside another run keeps that run's tag, so it and all that it has started end with
  /// that run.
  init() throws {
    let runID = try RunTag.randomRunID()
    run = try RunIdentity.ofThisProcess(
      runID: runID, directory: RunDirectory.path(forNew: runID))
    let tag = RunTag.ofRoot(runID, pid: run.rootPID, startTime: run.rootStartTime)
    if RunTag.read(of: run.rootPID) == nil { try tag.install() }
    ChildSetup.becomeSubreaper()
    node = NodeIdentity(
      path: .root, name: NodePath.root.description, pid: getpid(), isDaemon: false, parent: nil,
      tag: tag, run: run, build: HostProcess.buildIdentity())
  }
}

func randomBytes(_ count: Int) throws(ProcessTreeError) -> [UInt8] {
  var bytes = [UInt8](repeating: 0, count: count)
  guard getentropy(&bytes, count) == 0 else {
    throw ProcessTreeError(
      .systemCallFailed, "getentropy: \(String(cString: strerror(errno)))")
  }
  return bytes
}

extension NodeSecret {
  /// Draws the secret of a root.
  static func ofRoot(on loop: EventLoop) throws(ProcessTreeError) -> NodeSecret {
    // Where a seed decides everything, nothing has to be kept secret.
    if loop.pickJob != nil {
      let bytes = try loop.randomBytes(Secret.size)
      return NodeSecret(Secret { $0.copyBytes(from: bytes) }, of: .root)
    }
    guard let secret = Secret.random() else {
      throw ProcessTreeError(
        .systemCallFailed, "getentropy: \(String(cString: strerror(errno)))")
    }
    return NodeSecret(secret, of: .root)
  }
}

extension EventLoop {
  /// Bytes that nobody can guess; where a seed decides everything, it decides these too.
  func randomBytes(_ count: Int) throws(ProcessTreeError) -> [UInt8] {
    guard let pickJob else { return try ProcessTree.randomBytes(count) }
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: pickJob(256)) }
  }
}
