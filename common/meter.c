#include "meter.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "err.h"

static struct {
	bool forced;                    /* before the thread starts only */
	uint64_t total;                 /* before the thread starts only */
	struct timespec begin;          /* before the thread starts only */
	_Atomic uint64_t done;
	pthread_mutex_t lock;           /* guards subject */
	char subject[128];
	_Atomic bool drawn;
} meter = { .lock = PTHREAD_MUTEX_INITIALIZER };

static const char *
human(char *buf, size_t size, double n)
{
	const char *unit = " kMGTPE";

	while (n >= 1024 && unit[1] != '\0') {
		n /= 1024;
		unit++;
	}
	snprintf(buf, size, *unit == ' ' ? "%.0f B" : "%.1f %ciB", n, *unit);
	return buf;
}

static size_t
line(char *buf, size_t size)
{
	struct timespec now;
	uint64_t done = meter.done;
	double secs, rate;
	char a[32], b[32], c[32], rest[64] = "", of[40] = "", subject[sizeof meter.subject + 2] = "";
	int n;

	clock_gettime(CLOCK_MONOTONIC, &now);
	secs = (double)(now.tv_sec - meter.begin.tv_sec) + (double)(now.tv_nsec - meter.begin.tv_nsec) / 1e9;
	rate = secs > 0 ? (double)done / secs : 0;
	if (meter.total != 0) {
		snprintf(of, sizeof of, " of %s", human(c, sizeof c, (double)meter.total));
		if (rate > 0 && done < meter.total) {
			unsigned long eta = (unsigned long)((double)(meter.total - done) / rate);

			snprintf(rest, sizeof rest, ", %lu:%02lu:%02lu left", eta / 3600, eta / 60 % 60, eta % 60);
		}
	}
	pthread_mutex_lock(&meter.lock);
	if (meter.subject[0] != '\0')
		snprintf(subject, sizeof subject, "%s: ", meter.subject);
	pthread_mutex_unlock(&meter.lock);
	n = snprintf(buf, size, "%s: %s%s%s, %s/s%s", err_name(), subject,
	    human(a, sizeof a, (double)done), of, human(b, sizeof b, rate), rest);
	return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}

static void *
run(void *arg)
{
	bool draw = isatty(STDERR_FILENO) && err_level >= 0;
	bool print = meter.forced && !draw;
	struct timespec wait = { .tv_sec = print ? 10 : 0, .tv_nsec = print ? 0 : 500000000 };
	sigset_t usr1;
	char text[512];
	int sig;

	(void)arg;
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	for (;;) {
		sig = draw || print ? sigtimedwait(&usr1, NULL, &wait) : sigwaitinfo(&usr1, NULL);
		line(text, sizeof text);
		if (draw && sig < 0) {
			fprintf(stderr, "\r%s\033[K", text);
			meter.drawn = true;
		} else if (sig == SIGUSR1 || (print && sig < 0))
			fprintf(stderr, "%s%s\n", draw ? "\r\033[K" : "", text);
	}
	return NULL;
}

static void
wipe(void)
{
	if (meter.drawn)
		fputs("\r\033[K", stderr);
}

void
meter_start(uint64_t total)
{
	pthread_attr_t small;
	pthread_t thread;
	sigset_t usr1;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &usr1, NULL);
	meter.total = total;
	clock_gettime(CLOCK_MONOTONIC, &meter.begin);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 256 << 10);
	pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &small, run, NULL) == 0)    /* without it: no meter, nothing lost */
		atexit(wipe);
	pthread_attr_destroy(&small);
}

void
meter_add(uint64_t n)
{
	atomic_fetch_add_explicit(&meter.done, n, memory_order_relaxed);
}

void
meter_subject(const char *s)
{
	pthread_mutex_lock(&meter.lock);
	snprintf(meter.subject, sizeof meter.subject, "%s", s != NULL ? s : "");
	pthread_mutex_unlock(&meter.lock);
}

void
meter_force(void)
{
	meter.forced = true;
}

void
meter_unblock(void)
{
	sigset_t usr1;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_UNBLOCK, &usr1, NULL);
}
