/// A node in Python that has connected to its parent, and now tries what it must not; behind the
/// beginning of the node in the protocol's document.
let hostileNode = #"""
  import time

  own, pid, directory, root = positions[-1], os.getpid(), run[3], parent[1]
  said = []

  def note(what, is_fine):
      said.append(f"{what}: {'ok' if is_fine else 'NOT REFUSED'}")

  def receive(dealer):
      return dealer.recv() if dealer is control or dealer.poll(20000) else b""

  def start_time():
      with open("/proc/self/stat") as stat:
          return int(stat.read().rpartition(")")[2].split()[19])

  header = struct.Struct("<BBHIIIQQ")

  def link_as(endpoint, path, key, number=pid, start=None):
      """The answer to a hello as the node at a path: kind, total, dealer, welcome's question."""
      dealer = connect(endpoint, True)
      question = receive(dealer)
      if not question:
          return None, None, dealer, 0
      asked = header.unpack_from(question)[-1]
      start = start_time() if start is None else start
      proof = prove(key, b"hello", u64(asked), u32(number), u64(start))
      dealer.send(msgpack.packb([
          "process-tree-link", 5, 0, proof, "", path, "name", number, start, "", 0, asked]))
      answer = receive(dealer)
      kind, _, _, _, _, _, total, _ = header.unpack_from(answer)
      return kind, total, dealer, asked

  say(1)
  sibling = 1 if own != 1 else 2

  # On data links: whose socket is whose.
  victim, deadline = None, time.time() + 20
  while victim is None and time.time() < deadline:
      found = [name[:-2] for name in os.listdir(directory) if name.endswith(".l")]
      victim = next((int(name) for name in found if int(name) not in (root, pid)), None)
      time.sleep(0.01)
  with open(f"/proc/{victim}/stat") as stat:
      victim_start = int(stat.read().rpartition(")")[2].split()[19])
  victims_socket = f"ipc://{directory}/{victim}.l"
  to_victim = prove(secret, b"link", u32(sibling))
  refused = lambda answer: answer[:2] == (9, 2)
  note("the sibling, at the parent", refused(link_as(endpoints[1], [sibling], link_secret)))
  note("the sibling with its process, at the parent", refused(
      link_as(endpoints[1], [sibling], link_secret, victim, victim_start)))
  note("another process as itself", refused(
      link_as(endpoints[1], positions, link_secret, victim, victim_start)))
  note("the parent, at the sibling", refused(link_as(victims_socket, [], link_secret)))
  note("another sibling, at the sibling", refused(link_as(victims_socket, [98], to_victim)))
  note("itself without a pass", refused(link_as(victims_socket, positions, to_victim)))
  note("a child of the sibling", refused(link_as(victims_socket, [sibling, 1], to_victim)))

  # Passes: its own, and that of another.
  say(48, [sibling], positions)
  say(48, positions, [sibling])
  kind, connector, listener, sealed = None, None, None, b""
  while kind != 49:
      kind, *rest = msgpack.unpackb(receive(control))
      if kind == 49:
          connector, listener, sealed = rest
  note("only its own pass comes", connector == positions and listener == [sibling])
  seal = prove(secret, b"seal", u32(sibling))
  opened = bytes(a ^ b for a, b in zip(sealed, seal))
  kind, _, link, asked = link_as(victims_socket, positions, opened)
  note("itself, with its pass", kind == 7)
  note("the pass for another path", refused(link_as(victims_socket, [98], opened)))

  # On channels: what it was not handed.
  numbers = {}
  def over(dealer, *message):
      numbers[dealer] = numbers.get(dealer, 0) + 1
      dealer.send(header.pack(3, 0, 0, 0, 0, 0, 0, numbers[dealer]) + msgpack.packb(list(message)))

  def controls(dealer, wanted):
      """The next message of a kind."""
      while True:
          frame = receive(dealer)
          if not frame:
              return None
          if frame[0] == 3:
              message = msgpack.unpackb(frame[32:])
              if message[0] == wanted:
                  return message

  victims_link = link
  over(link, 32, 20, [[], 1], [[], 1])                      # open a flow to a guessed receiver
  note("a flow to a receiver of whom it was not told", controls(link, 50) is not None)
  home = [[], parent[0], root, parent[2], endpoints[1]]
  for number in range(1, 5):
      over(link, 19, [home, number], [[], number])          # ended, by somebody who is not the home
      over(link, 20, [home, number], [[], number], "no")    # refused
  kind, _, link, _ = link_as(endpoints[1], positions, link_secret)
  note("itself, at the parent", kind == 7)
  for side in (0, 1):
      over(link, 1, [home, 1], [positions, 7 + side], side, 0, 0)
      answer = controls(link, 20)
      note(f"an end that it was not handed, side {side}", answer is not None)
      over(link, 3, [home, 1], [positions, 7 + side], side, 0)
  for number in range(1, 5):
      over(link, 5, [home, 1], [[], number])                # release

  # Of addresses: the mailbox of another.
  def ask(number, address, *fields):
      say(33, number, msgpack.packb([address, *fields]))
      while True:
          message = msgpack.unpackb(receive(control))
          if message[0] == 34 and message[1] == number:
              return msgpack.unpackb(message[2])

  for address in ("/victim", "/"):
      answer = ask(len(said), address, 1, 1, "Swift.Int", 1)
      note(f"the receivers' side of the mailbox of {address}", answer[:2] == [3, 4])
  for verb in (1, 2, 4, 6):
      answer = ask(91 + verb, "/victim", 4, [verb, 9, 1000, "because"])
      note(f"operation {verb} on another", answer[:2] == [3, 4])
  mailbox = ask(90, "/victim", 1, 1, "Swift.Int", 0)
  note("the senders' side", mailbox[0] == 1)

  # As a sender it is told the ticket of the victim's receiver, which does not make it that or the home.
  channel, key = mailbox[1], mailbox[-1]
  over(link, 1, channel, [positions, 11], 1, 0, key)
  answer = controls(link, 20)
  note("a receiver by the senders' key", answer is not None and answer[2] == [positions, 11])
  over(link, 1, channel, [positions, 12], 0, 0, key)
  over(link, 3, channel, [positions, 12], 0, 0)         # claims its own
  introduced = controls(link, 16)
  note("a sender is told of the receiver", introduced is not None)
  ticket = introduced[3]
  over(victims_link, 19, channel, ticket)               # ended
  over(victims_link, 20, channel, ticket, "no")         # refused
  over(link, 5, channel, ticket)                        # release
  over(link, 9, channel, [ticket])                      # revoke
  # The answer to a question comes after all that was sent before.
  over(link, 1, channel, [positions, 13], 1, 0, 0)
  note("what comes next is answered", controls(link, 20) is not None)

  say(2, 0, msgpack.packb("\n".join(said)))
  say(3, 0, numbers[link])
  while msgpack.unpackb(control.recv())[0] != 19:
      pass
  os._exit(0)
  """#
