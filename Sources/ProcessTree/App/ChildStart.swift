internal import Glibc
internal import Links
internal import MessagePack
internal import ProcessControl
internal import Wire

/// A child between its bootstrap record and its first turn of the loop.
struct ChildStart {
  let identity: NodeIdentity
  private let record: BootstrapRecord
  private let settings: NodeSettings
  private let program: any NodeProgram.Type
  private let listedPrograms: [any NodeProgram.Type]

  init(_ record: BootstrapRecord, tag: RunTag, app: any ProcessTreeApp.Type) throws {
    self.record = record
    settings = try MessagePackDecoder().decode(NodeSettings.self, from: record.settings)
    listedPrograms = app.programs
    program = try ProgramReference.resolve(
      name: record.program.type, listIndex: record.program.listIndex, listed: listedPrograms)
    identity = NodeIdentity(
      path: record.path, name: record.name, pid: getpid(), isDaemon: record.isDaemon,
      parent: .init(name: record.parent.name, pid: record.parent.pid), tag: tag,
      run: RunIdentity(
        runID: record.run.id, rootPID: record.run.rootPID,
        rootStartTime: record.run.rootStartTime, directory: record.run.directory),
      build: HostProcess.buildIdentity())
  }

  /// With either start method: it is also what ends the run's remains when others are killed.
  var needsForkServer: Bool { program.spawnsChildren }

  /// Runs the node; never returns.
  func run(forkServer: ForkServer?) throws -> Never {
    lineBufferStandardOutput()
    let loop = try EventLoop()
    var configuration = TreeConfiguration()
    settings.apply(to: &configuration)
    let runtime = NodeRuntime(
      identity, on: loop,
      shared: NodeShared(configuration: configuration, programs: listedPrograms),
      runSecret: record.credentials.runSecret)
    let parent = try ParentLink(
      hello: Hello(
        position: record.path.positions.last ?? 0, credentials: record.credentials,
        pid: identity.pid, build: identity.build),
      endpoints: record.endpoints, context: runtime.context, on: loop)
    runtime.attach(parent)
    try NodeMain(runtime, forkServer: forkServer).runChild(
      program, arguments: record.program.arguments, parent: parent)
  }
}
