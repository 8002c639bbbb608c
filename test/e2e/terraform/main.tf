terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

provider "aws" {
  skip_metadata_api_check = true
}

# Everything is changed in some way when it is true.
variable "changed" {
  type    = bool
  default = false
}

locals {
  role     = "arn:aws:iam::111122223333:role/worker"
  function = "arn:aws:lambda:eu-central-1:111122223333:function:worker"
}
