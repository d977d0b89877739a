// SPDX-License-Identifier: MIT
/*
 * One life of a TD, and how it went.
 */
#include "life.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../test_file.h"

#define MIB 0x100000ull

/* Two packages, so that keys and caches are handled on each; time is counted, so that runs repeat.
 */
#define CHANGES "\nlps 2\npackages 2\ntsc start 0 event 0 read 1 instruction 2\n"

struct seamless_machine *life_machine(char *err, size_t err_len)
{
	struct seamless_config config = { .name = "life" };
	struct seamless_machine *machine = NULL;
	char *text = NULL;
	const char *base = seamless_platform_text("default", &config.len);

	snprintf(err, err_len, "out of memory");
	if (asprintf(&text, "%.*s" CHANGES, (int)config.len, base) >= 0) {
		config.text = text;
		config.len = strlen(text);
		machine = seamless_create(&config, err, err_len);
		free(text);
	}
	return machine;
}

bool life_load(struct life *life, const char *guest)
{
	struct vmm_error err;

	life->file = read_whole(guest, &life->size);
	if (!life->file) {
		perror(guest);
		return false;
	}
	if (!image_from_elf(&life->image, life->file, life->size, 64 * MIB, &err))
		return true;
	fprintf(stderr, "%s: %s\n", guest, err.text);
	return false;
}

void life_free(struct life *life)
{
	image_free(&life->image);
	free(life->file);
	free(life->call);
}

static void collect(void *opaque, uint8_t byte)
{
	struct life *life = opaque;

	if (life->printed < sizeof(life->console) - 1)
		life->console[life->printed++] = (char)byte;
}

static int failed(struct life *life, const struct vmm_error *err)
{
	snprintf(life->error, sizeof(life->error), "%s", err->text);
	return -1;
}

static int build(struct life *life)
{
	struct vmm_error err;
	int result;

	if (host_enter_lp(&life->host, 0, &err))
		return failed(life, &err);
	result = vm_build(&life->vm, &err);
	host_leave_lp(&life->host);
	return result ? failed(life, &err) : 0;
}

static bool all_back(struct life *life, uint64_t free_frames)
{
	for (unsigned i = 1; i < life->host.hkids; i++) {
		if (life->host.hkid_used[i])
			return false;
	}
	return !vmm_frames_count(&life->host.frames, FRAME_HOST) &&
	       vmm_frames_count(&life->host.frames, FRAME_FREE) == free_frames;
}

static void run(struct life *life)
{
	life->built = true;
	memcpy(life->mrtd, life->vm.mrtd, sizeof(life->mrtd));
	life->end = vm_run(&life->vm);
	snprintf(life->error, sizeof(life->error), "%s", life->vm.reason.text);
}

void life_live(struct life *life)
{
	const struct vm_config config = {
		.vcpus = 1, .deterministic = true, .console = collect, .console_opaque = life
	};
	struct vmm_error err;
	uint64_t freed, frames;

	life->opened = life->built = life->destroyed = life->all_back = false;
	life->end = VM_RUNNING;
	memset(life->console, 0, sizeof(life->console));
	life->printed = 0;
	if (host_open(&life->host, life->machine, &err)) {
		failed(life, &err);
		return;
	}
	life->opened = true;
	frames = vmm_frames_count(&life->host.frames, FRAME_FREE);
	vm_init(&life->vm, &life->host, &life->image, &config);
	if (!build(life))
		run(life);
	life->destroyed = !vm_destroy(&life->vm, &freed, &err);
	if (!life->destroyed)
		failed(life, &err);
	life->all_back = all_back(life, frames);
	host_close(&life->host);
}

bool life_went_well(const struct life *life)
{
	return life->opened && life->built && life->end == VM_HALTED &&
	       strstr(life->console, "PASS") && life->destroyed && life->all_back;
}
