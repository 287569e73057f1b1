"""Debian's aws, imported once: half a second less for each call.
	aws.py serve SOCKET             until it is killed
	aws.py SOCKET ARGUMENT ...      "aws ARGUMENT ...", with the standard files and directory of this process
"""
import array, os, signal, socket, sys

s = socket.socket(socket.AF_UNIX)
if sys.argv[1] != 'serve':
	s.connect(sys.argv[1])
	message = '\0'.join([os.getcwd()] + sys.argv[2:]).encode()
	s.sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [0, 1, 2]))])
	sys.exit(int(s.recv(4) or 255))

from awscli.clidriver import create_clidriver
driver = create_clidriver()
driver.session.create_client('glacier')         # its model is read, too
s.bind(sys.argv[2])
s.listen()
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
	c, _ = s.accept()
	if os.fork() == 0:
		signal.signal(signal.SIGCHLD, signal.SIG_DFL)
		message, fds, _, _ = socket.recv_fds(c, 1 << 16, 3)
		for to, fd in enumerate(fds):
			os.dup2(fd, to)
			os.close(fd)
		words = message.decode().split('\0')
		os.chdir(words[0])
		status = 255
		try:
			status = driver.main(words[1:])
			sys.stdout.flush()
			sys.stderr.flush()
		finally:
			c.send(b'%d' % status)
			os._exit(0)
	c.close()
