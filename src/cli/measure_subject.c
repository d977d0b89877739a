// SPDX-License-Identifier: MIT
/*
 * Reads what is to be measured.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/boot.h"
#include "cli/boot_option.h"
#include "cli/cli.h"
#include "cli/measure_subject.h"

static int complain(const char *path, const char *why)
{
	fprintf(stderr, "seamless measure: %s: %s\n", path, why);
	return CLI_WRONG;
}

static bool is_image(const struct file *file)
{
	struct tdvf tdvf;

	return !tdvf_parse(&tdvf, file->bytes, file->size, NULL);
}

static bool are_images(const struct file *file, int count)
{
	for (int i = 0; i < count; i++) {
		if (!is_image(&file[i]))
			return false;
	}
	return true;
}

static int append(struct file *all, const struct file *part)
{
	char *both = realloc(all->bytes, all->size + part->size + 1);

	if (!both)
		return -1;
	memcpy(both + all->size, part->bytes, part->size);
	all->bytes = both;
	all->size += part->size;
	return 0;
}

/* All files as one, from the first to the last or the other way round. */
static int join(struct file *all, const struct file *part, int count, bool reversed)
{
	file_free(all);
	*all = (struct file){ NULL, 0 };
	for (int i = 0; i < count; i++) {
		if (append(all, &part[reversed ? count - 1 - i : i]))
			return -1;
	}
	return 0;
}

/* How much of the file the sections' data takes, from its start to the end of the last. */
static uint64_t data_end(const struct tdvf *tdvf)
{
	uint64_t end = 0;

	for (uint32_t i = 0; i < tdvf->count; i++) {
		uint64_t last = (uint64_t)tdvf->section[i].data_offset + tdvf->section[i].raw_size;

		end = last > end ? last : end;
	}
	return end;
}

/* Halves that belong together: the code ends where the file does, with the reset vector. */
static bool is_whole(const struct file *file)
{
	struct tdvf tdvf;

	return !tdvf_parse(&tdvf, file->bytes, file->size, NULL) && data_end(&tdvf) == file->size;
}

/* Two files that make no image in the order given may do so in the other. */
static int join_image(struct file *all, const struct file *part, int count)
{
	if (join(all, part, count, false))
		return -1;
	if (count != 2 || is_whole(all))
		return 0;
	if (join(all, part, count, true))
		return -1;
	return is_image(all) ? 0 : join(all, part, count, false);
}

static int check_whole(const struct measure_subject *subject)
{
	uint64_t end = data_end(&subject->image.tdvf);
	char why[160];

	if (end == subject->file.size)
		return 0;
	snprintf(why, sizeof(why),
		 "the files together are no image: its sections take 0x%" PRIx64
		 " bytes, the files have 0x%zx",
		 end, subject->file.size);
	return complain(subject->name, why);
}

static int open_image(struct measure_subject *subject)
{
	struct format_error wrong;
	struct vmm_error err;
	struct tdvf tdvf;

	if (tdvf_parse(&tdvf, subject->file.bytes, subject->file.size, &wrong))
		return complain(subject->name, wrong.text);
	if (image_from_tdvf(&subject->image, subject->file.bytes, subject->file.size, 0, &err))
		return complain(subject->name, err.text);
	return 0;
}

static int each_alone(struct measure_subject *subject, struct file *file, int count, char **paths)
{
	int status = 0;

	for (int i = 0; i < count && !status; i++) {
		subject[i].name = paths[i];
		subject[i].file = file[i];
		file[i] = (struct file){ NULL, 0 };
		status = open_image(&subject[i]);
	}
	return status;
}

static int make_subjects(struct measure_subject *subject, size_t *made, struct file *file,
			 int count, char **paths)
{
	int status;

	if (are_images(file, count)) {
		*made = (size_t)count;
		return each_alone(subject, file, count, paths);
	}
	*made = 1;
	subject->name = paths[count - 1];
	if (join_image(&subject->file, file, count)) {
		complain(subject->name, "out of memory");
		return CLI_USAGE;
	}
	status = open_image(subject);
	return status || count == 1 ? status : check_whole(subject);
}

int measure_subjects_read(struct measure_subject subject[MEASURE_MAX_FILES], size_t *count,
			  int files, char **paths)
{
	struct file file[MEASURE_MAX_FILES] = { 0 };
	int status = 0;

	for (int i = 0; i < files && !status; i++) {
		if (file_read(&file[i], paths[i], MAX_IMAGE))
			status = CLI_USAGE;
	}
	if (!status)
		status = make_subjects(subject, count, file, files, paths);
	for (int i = 0; i < files; i++)
		file_free(&file[i]);
	return status;
}

int measure_subject_kernel(struct measure_subject *subject, const struct measure_kernel *what)
{
	struct linux_files files = { .cmdline = what->cmdline, .vcpus = what->vcpus };
	struct vmm_error err;

	subject->name = what->kernel;
	if (file_read(&subject->file, what->kernel, MAX_IMAGE) ||
	    (what->initrd && file_read(&subject->initrd, what->initrd, MAX_IMAGE)))
		return CLI_USAGE;
	files.kernel = subject->file.bytes;
	files.kernel_size = subject->file.size;
	files.initrd = subject->initrd.bytes;
	files.initrd_size = subject->initrd.size;
	if (image_from_linux(&subject->image, &files, what->memory, &err))
		return complain(subject->name, err.text);
	subject->has_rtmr = boot_predict(&subject->image, subject->rtmr);
	return subject->has_rtmr ? 0 : complain(subject->name, "libcrypto failed");
}

void measure_subjects_free(struct measure_subject *subject, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		image_free(&subject[i].image);
		file_free(&subject[i].file);
		file_free(&subject[i].initrd);
	}
}
