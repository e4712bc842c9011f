import Glibc
import ProcessTreeProcessControl

/// A child by re-exec: arguments are the run, the node and the parent's pid.
enum SpawnedChild {
  static func main(_ arguments: [String]) throws {
    guard arguments.count == 5, let run = UInt32(arguments[2]), let node = UInt32(arguments[3]),
      let parent = Int32(arguments[4])
    else { exit(97) }
    try ChildSetup.adopt(tag: RunTag(run: run, node: node), parentPID: parent)
    ChildProgram.say(getenv("FIXTURE").map { String(cString: $0) } ?? "none")
    let identity = RunIdentity(
      runID: run, rootPID: parent, rootStartTime: HostProcess.startTime(of: parent) ?? 0)
    try ChildProgram.main(identity)
  }
}
