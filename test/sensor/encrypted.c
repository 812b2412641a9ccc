/*
 * Gives directories that are made in the given one a policy of encryption, reads it back, and prints the key's name that it has.
 * Between two requests, the supervisor reads other strings.
 */
#include <fcntl.h>
#include <linux/fscrypt.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

int main(int count, char **words)
{
	for (int made = 0; made < 8; made++) {
		struct fscrypt_policy_v1 policy = { FSCRYPT_POLICY_V1, FSCRYPT_MODE_AES_256_XTS, FSCRYPT_MODE_AES_256_CTS, 0,
						    "KEYSNAME" };
		char path[4096];
		int directory;

		snprintf(path, sizeof(path), "%s/%d", words[1], made);
		mkdir(path, 0700);
		directory = open(path, O_RDONLY);
		if (ioctl(directory, FS_IOC_SET_ENCRYPTION_POLICY, &policy))
			return 1;
		memset(&policy, 0, sizeof(policy));
		if (ioctl(directory, FS_IOC_GET_ENCRYPTION_POLICY, &policy))
			return 2;
		printf("%.8s\n", (char *)policy.master_key_descriptor);
	}
	return 0;
}
