// SPDX-License-Identifier: MIT
/*
 * Runs in a Linux guest: lets the kernel attest this TD and prints what it gives, in hex between two
 * marker lines, for the host to take from the console.
 *
 *   attest report NONCE  the TDREPORT for a nonce of 64 bytes (128 hex digits), by /dev/tdx_guest
 *   attest quote NONCE   a quote for it, by configfs-tsm
 *   attest log           the event log of the boot, by the ACPI table CCEL
 *
 * Exit status: 0 printed, 1 the kernel refused (said on standard error), 2 usage.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define NONCE_SIZE  64
#define REPORT_SIZE 1024
#define MAX_BLOB    (64 * 1024)
#define QUOTE_DIR   "/sys/kernel/config/tsm/report/seamless"
#define LOG_AREA    "/sys/firmware/acpi/tables/data/CCEL"

/* linux/tdx-guest.h, which the headers of an older kernel lack */
struct report_request {
	uint8_t nonce[NONCE_SIZE];
	uint8_t report[REPORT_SIZE];
};

#define GET_REPORT _IOWR('T', 1, struct report_request)

static uint8_t blob[MAX_BLOB];

static int failed(const char *what)
{
	fprintf(stderr, "attest: %s: %s\n", what, strerror(errno));
	return 1;
}

static int print(const char *name, const uint8_t *bytes, size_t size)
{
	printf("BEGIN %s\n", name);
	for (size_t i = 0; i < size; i++)
		printf("%02x%s", bytes[i], i % 32 == 31 || i + 1 == size ? "\n" : "");
	printf("END %s\n", name);
	if (fflush(stdout) || (tcdrain(STDOUT_FILENO) && errno != ENOTTY))
		return failed("standard output");
	return 0;
}

static int digit(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static int parse_nonce(const char *hex, uint8_t nonce[NONCE_SIZE])
{
	if (strlen(hex) != 2 * NONCE_SIZE)
		return -1;
	for (size_t i = 0; i < NONCE_SIZE; i++) {
		int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return -1;
		nonce[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

static int report(const uint8_t nonce[NONCE_SIZE])
{
	struct report_request request = { 0 };
	int fd = open("/dev/tdx_guest", O_RDWR);

	if (fd < 0)
		return failed("/dev/tdx_guest");
	memcpy(request.nonce, nonce, NONCE_SIZE);
	if (ioctl(fd, GET_REPORT, &request)) {
		close(fd);
		return failed("TDX_CMD_GET_REPORT0");
	}
	close(fd);
	return print("TDREPORT", request.report, sizeof(request.report));
}

/* Bytes read into blob; -1 with errno. */
static ssize_t read_file(const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t got = 1, size = 0;

	if (fd < 0)
		return -1;
	while (got > 0 && size < MAX_BLOB) {
		got = read(fd, blob + size, (size_t)(MAX_BLOB - size));
		size += got;
	}
	close(fd);
	return got < 0 ? -1 : size;
}

static int write_file(const char *path, const uint8_t *bytes, size_t size)
{
	int fd = open(path, O_WRONLY);
	ssize_t written;

	if (fd < 0)
		return -1;
	written = write(fd, bytes, size);
	return close(fd) || written != (ssize_t)size ? -1 : 0;
}

/* The kernel asks the host's quoting service when outblob is read. */
static int quote(const uint8_t nonce[NONCE_SIZE])
{
	ssize_t size;

	if (mkdir(QUOTE_DIR, 0700))
		return failed(QUOTE_DIR);
	size = write_file(QUOTE_DIR "/inblob", nonce, NONCE_SIZE) ? -1
								   : read_file(QUOTE_DIR "/outblob");
	if (size < 0)
		failed(QUOTE_DIR);
	if (!size)
		fputs("attest: the quoting service gave an empty quote\n", stderr);
	rmdir(QUOTE_DIR);
	return size > 0 ? print("QUOTE", blob, (size_t)size) : 1;
}

static uint32_t get32(size_t at)
{
	uint32_t value;

	memcpy(&value, blob + at, sizeof(value));
	return value;
}

/*
 * The log's area is much larger than the log. Its end: the first event is in the form of TPM 1.2,
 * the others have one digest, SHA-384; padding is neither.
 */
static size_t log_end(size_t area)
{
	enum { FIRST = 32, DIGESTS = 8, ALGORITHM = 12, EVENT_SIZE = 62, EVENT = 66, SHA384 = 0xc };
	size_t at = area < FIRST ? area : FIRST + get32(FIRST - 4);

	while (at < area && area - at >= EVENT && get32(at + DIGESTS) == 1 &&
	       (get32(at + ALGORITHM) & 0xffff) == SHA384 &&
	       get32(at + EVENT_SIZE) <= area - at - EVENT)
		at += EVENT + get32(at + EVENT_SIZE);
	return at < area ? at : area;
}

static int event_log(void)
{
	ssize_t area = read_file(LOG_AREA);

	return area < 0 ? failed(LOG_AREA) : print("EVENT LOG", blob, log_end((size_t)area));
}

int main(int argc, char **argv)
{
	uint8_t nonce[NONCE_SIZE];

	if (argc == 2 && !strcmp(argv[1], "log"))
		return event_log();
	if (argc != 3 || parse_nonce(argv[2], nonce)) {
		fputs("usage: attest report NONCE | attest quote NONCE | attest log\n"
		      "NONCE is 128 hex digits\n",
		      stderr);
		return 2;
	}
	if (!strcmp(argv[1], "report"))
		return report(nonce);
	return !strcmp(argv[1], "quote") ? quote(nonce) : 2;
}
