import Glibc
import ProcessTreeProcessControl
import ProcessTreeTestSettings

/// The root's main and its children's.
enum Program {
  static func main(_ scenario: String, directory: String) throws {
    ProcessTitle.prepare()
    try Descriptors.ensureStandardDescriptors()
    Scenarios.beforeTheServer(scenario)
    let tag = RunTag(run: try RunTag.randomRunID(), node: try RunTag.randomNodeID())
    try tag.install()
    ChildSetup.becomeSubreaper()
    let identity = try RunIdentity.ofThisProcess(runID: tag.run, directory: directory)
    let isForMany = scenario.hasPrefix("data") || scenario == "heap"
    if let node = try Node.make(identity: identity, tag: tag, isForMany: isForMany) {
      report("run", "\(tag.run)")
      try Scenarios.play(scenario, node)
    } else {
      try ChildProgram.main(identity)
    }
  }
}

/// Prints one fact and lets it out at once.
func report(_ key: String, _ value: String) {
  print(key, value)
  fflush(nil)
}

/// Waits until a descriptor is readable; false when the time is over.
func waitReadable(_ descriptor: Int32, milliseconds: Int32 = 5000) -> Bool {
  var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
  while true {
    let count = poll(&polled, 1, Int32(Double(milliseconds) * TestSettings.timeScale))
    if count < 0, errno == EINTR { continue }
    return count > 0
  }
}

/// Waits until something holds; false when the time is over.
func waitUntil(milliseconds: Int = 5000, _ condition: () -> Bool) -> Bool {
  let deadline = ContinuousClock.now + .milliseconds(milliseconds).scaled
  while ContinuousClock.now < deadline {
    if condition() { return true }
    usleep(2000)
  }
  return condition()
}

/// The numbers of the open descriptors.
func openDescriptors() -> [Int32] { (0..<1024).filter { fcntl($0, F_GETFD, 0) >= 0 } }

/// The text of a small file.
func text(of path: String) -> String {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return "" }
  defer { close(descriptor) }
  let bytes = (try? Descriptors.readAll(descriptor)) ?? []
  return String(decoding: bytes, as: UTF8.self)
}

/// Starts a plain program, as other code in the process would.
func startPlain(_ words: [String]) -> Int32 {
  var pid: Int32 = 0
  var strings: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
  posix_spawnp(&pid, words[0], nil, nil, &strings, nil)
  for string in strings { free(string) }
  return pid
}
