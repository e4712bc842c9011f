import Glibc
import ProcessTreeBase
import ProcessTreeProcessControl

/// What children do: one command, read from descriptor 3.
enum ChildProgram {
  static func main(_ identity: RunIdentity) throws {
    let line = readLine(from: 3)
    let words = line.split(separator: " ").map(String.init)
    let number = words.count > 1 ? Int32(words[1]) ?? 0 : 0
    switch words.first {
    case "exit": exit(number)
    case "signal":
      kill(getpid(), number)
      sleepForEver()
    case "sleep":
      say("ready")
      sleepForEver()
    case "wait":
      say("ready")
      exit(Int32(readLine(from: 3)) ?? 98)
    case "inspect": inspect()
    case "title":
      ProcessTitle.set(words.dropFirst().joined(separator: " "))
      say("ready")
      sleepForEver()
    case "burn": burn()
    case "daemon": try daemon()
    case "node": try node(identity, children: number)
    case "chain": try chain(identity, depth: number)
    case "found": try found(identity, depth: number)
    case "prepared":
      say((["-"] + Node.prepared).joined(separator: ";"))
      exit(0)
    case "data":
      say(ProgramData.account)
      ProgramData.number = 4
      exit(0)
    case "heap":
      say(HeapOfClones.account())
      exit(0)
    case "arm": arm()
    case "lock": Locks.contend()
    default: exit(97)
    }
  }

  static func say(_ text: String) {
    try? Descriptors.writeAll(3, Array((text + "\n").utf8))
  }

  static func readLine(from descriptor: Int32) -> String {
    var bytes: [UInt8] = []
    while let byte = try? Descriptors.readAll(descriptor, limit: 1).first {
      if byte == UInt8(ascii: "\n") { break }
      bytes.append(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  static func sleepForEver() -> Never {
    while true { sleep(1000) }
  }

  /// Prints what the child has become.
  static func inspect() {
    let status = text(of: "/proc/self/status").split(separator: "\n")
    let mask = status.first { $0.hasPrefix("SigBlk:") }?.split(separator: "\t").last ?? ""
    let name = text(of: "/proc/self/comm").dropLast()
    let tag = RunTag.read(of: getpid())
    let mine = pthread_self()
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    say(
      [
        openDescriptors().map(String.init).joined(separator: ","),
        getsid(0) == getpid() ? "leader" : "member", String(mask), String(name),
        "\(tag?.node ?? 0)", "\(rand())", fcntl(3, F_GETFD, 0) == FD_CLOEXEC ? "cloexec" : "open",
        "\(Threads.count())", pthread_kill(mine, 0) == 0 ? "alive" : "stale",
      ].joined(separator: " "))
  }

  /// Uses processor time and memory.
  static func burn() {
    let block = [UInt8](repeating: 1, count: 64 << 20)
    let end = clock() + 200_000
    var sum = block.count
    while clock() < end { sum &+= 1 }
    exit(sum == 0 ? 1 : 0)
  }

  /// Leaves a program behind that has cut all ties.
  static func daemon() throws {
    var status: Int32 = 0
    let words = ["/usr/bin/setsid", "-f", "/usr/bin/env", "-i", "sleep", "300"]
    waitpid(startPlain(words), &status, 0)
    say("ready")
    sleepForEver()
  }

  /// On SIGINT twice it dies at once, though nobody takes the first.
  static func arm() {
    _ = try? SignalSource.install(signals: [SIGINT])
    SignalSource.armSecondSignal(run: nil)
    say("ready")
    sleepForEver()
  }
}
